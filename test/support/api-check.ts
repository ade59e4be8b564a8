import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";

interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

/** Fetches, and holds every answer against the server's own description, which is read once from its base address. */
export function createCheckedFetch(base: () => string): typeof fetch {
  let loaded: Promise<ApiDocument> | undefined;
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { binary: true } });
  const known = new Map<string, ValidateFunction>();
  const load = async (): Promise<ApiDocument> => {
    const document = (await (await fetch(`${base()}/v2/openapi.json`)).json()) as ApiDocument;
    ajv.addSchema({ $id: "api", ...document }, "api");
    return document;
  };
  ajv.addVocabulary(["openapi", "info", "security", "paths", "components"]);
  return async (input, init) => {
    const response = await fetch(input, init);
    const document = await (loaded ??= load());
    const path = new URL(typeof input === "string" ? input : input instanceof URL ? input : input.url).pathname.replace(
      /(.)\/$/,
      "$1",
    );
    const method = (init?.method ?? "GET").toLowerCase();
    // What is fixed comes before what is any model's name.
    const [template] = Object.keys(document.paths)
      .filter((each) => matches(each, path) && Object.hasOwn(document.paths[each], method))
      .toSorted((a, b) => a.split("{").length - b.split("{").length) as readonly (string | undefined)[];
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    if (template === undefined) {
      expect(response.status, `${method} ${path}`).toBeGreaterThanOrEqual(400);
      return response;
    }
    const { responses } = document.paths[template][method] as Operation;
    const status = response.status === 200 ? "200" : `${Math.floor(response.status / 100)}XX`;
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    expect(Object.keys(responses[status].content), `${method} ${path}`).toContain(type);
    if (!isJson) return response;
    const pointer = ["paths", template, method, "responses", status, "content", type, "schema"];
    const reference = `api#/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
    const validate = known.get(reference) ?? ajv.compile({ $ref: reference });
    known.set(reference, validate);
    const value: unknown = await response.clone().json();
    validate(value);
    expect(validate.errors ?? [], `${method} ${path}`).toEqual([]);
    return response;
  };
}

/** Whether a path is that of a template. */
function matches(template: string, path: string): boolean {
  const pattern = template.replaceAll(/\{\w+\}/g, "[^/]+");
  return new RegExp(`^${pattern}$`).test(path);
}
