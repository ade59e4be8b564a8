/** Labels of a sample, by name. */
type Labels = Readonly<Record<string, string>>;

/** Bounds of the histograms, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Counters and histograms, told in Prometheus's text format. */
export interface Metrics {
  readonly count: (name: string, labels?: Labels, by?: number) => void;
  readonly observe: (name: string, seconds: number) => void;
  /** @param gauges what is measured when it is asked for */
  readonly tell: (gauges: readonly Gauge[]) => string;
  readonly value: (name: string, labels?: Labels) => number;
}

/** A value at this moment. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly labels?: Labels;
  readonly value: number;
}

/** What each counter means; those of inference mean what Triton's of the same name do. */
const helps: Readonly<Record<string, string>> = {
  residua_inference_request_success: "Requests for inference that were answered, all batch sizes",
  residua_inference_request_failure: "Requests for inference that failed, by reason",
  residua_inference_count: "Samples inferred",
  residua_inference_exec_count: "Runs, each of one or more requests",
  residua_inference_request_duration_us: "Microseconds of requests, from arrival to answer",
  residua_inference_queue_duration_us: "Microseconds that requests waited in a queue",
  residua_inference_compute_infer_duration_us: "Microseconds that requests' runs took",
  residua_http_requests_total: "Answers, by status",
  residua_grpc_requests_total: "Calls answered over gRPC, by code",
  residua_http_request_seconds: "Seconds from a request's head to its answer",
  residua_connections_refused_total: "Connections closed before a byte was parsed, by reason",
  residua_connections_failed_total: "Connections closed where no HTTP was spoken, by reason",
  residua_worker_restarts_total: "Worker processes that ended and were replaced",
  residua_policy_reloads_total: "Policies that were read again, by result",
  residua_audit_lost_total: "Audit records that could not be written",
};

const escape = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

const NO_LABELS: Labels = {};
/** Labels that are counted again and again are written once. */
const texts = new WeakMap<Labels, string>();

function labelText(labels: Labels): string {
  const known = texts.get(labels);
  if (known !== undefined) return known;
  const entries = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  const text = entries.length === 0 ? "" : `{${entries.join(",")}}`;
  texts.set(labels, text);
  return text;
}

/** Starts with nothing counted. */
export function createMetrics(): Metrics {
  const counters = new Map<string, Map<string, number>>();
  const histograms = new Map<string, Histogram>();
  return {
    count: (name, labels = NO_LABELS, by = 1) => {
      let own = counters.get(name);
      if (own === undefined) counters.set(name, (own = new Map<string, number>()));
      const key = labelText(labels);
      own.set(key, (own.get(key) ?? 0) + by);
    },
    observe: (name, seconds) => {
      let own = histograms.get(name);
      if (own === undefined) histograms.set(name, (own = { counts: BOUNDS.map(() => 0), sum: 0, count: 0 }));
      for (let index = BOUNDS.length - 1; index >= 0 && seconds <= BOUNDS[index]; index--) own.counts[index]++;
      own.sum += seconds;
      own.count++;
    },
    value: (name, labels = NO_LABELS) => counters.get(name)?.get(labelText(labels)) ?? 0,
    tell: (gauges) => {
      const lines: string[] = [];
      const head = (name: string, kind: string, help: string): void =>
        void lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
      for (const [name, own] of counters) {
        head(name, "counter", helps[name] ?? name);
        for (const [labels, value] of own) lines.push(`${name}${labels} ${value}`);
      }
      for (const [name, own] of histograms) {
        head(name, "histogram", helps[name] ?? name);
        for (const [index, bound] of BOUNDS.entries()) lines.push(`${name}_bucket{le="${bound}"} ${own.counts[index]}`);
        lines.push(`${name}_bucket{le="+Inf"} ${own.count}`, `${name}_sum ${own.sum}`, `${name}_count ${own.count}`);
      }
      const named = new Set<string>();
      for (const { name, help, labels = NO_LABELS, value } of gauges) {
        if (!named.has(name)) head(name, name.endsWith("_total") ? "counter" : "gauge", help);
        named.add(name);
        lines.push(`${name}${labelText(labels)} ${value}`);
      }
      return `${lines.join("\n")}\n`;
    },
  };
}
