import { RequestError } from "../../protocol/request-error.ts";
import { type AddressRules, parseAddressRules, plainAddress } from "./address.ts";
import { findByKey, mayUse } from "./keys.ts";
import { clientAddress, createNetworkRules, type NetworkRules } from "./network-rules.ts";
import { createRateLimiter, type RateLimiter } from "./rate-limit.ts";
import type { Policy, PolicyClient, Verb } from "./schema.ts";

/** A request as a policy sees it, whichever protocol it came by. */
export interface Asking {
  /** Address at the other end of the connection; undefined for a Unix socket. */
  readonly peer: string | undefined;
  readonly forwarded: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly key: string | undefined;
  /** Common name of the client's certificate, if its authority was checked. */
  readonly certificate: string | undefined;
}

/** Who asks. */
export interface Caller {
  /** Undefined if the policy knows no clients. */
  readonly client: PolicyClient | undefined;
  readonly address: string | undefined;
}

/** A policy at work. */
export interface Access {
  readonly policy: Policy;
  readonly network: NetworkRules;
  /**
   * Finds out who asks.
   *
   * @throws {RequestError} 400 without a host, 401 without a known key, 403 for an address, host or origin that may not ask
   */
  readonly identify: (asking: Asking) => Caller;
  /**
   * Lets a caller do something, or not.
   *
   * @param model the model it is about, and its version if it was named; undefined for the server as a whole
   * @throws {RequestError} 404 for a model that it may not know of, 403 for a verb that it may not use, 429 over its rate
   */
  readonly authorise: (
    caller: Caller,
    verb: Verb,
    model?: { readonly name: string; readonly version?: string },
  ) => void;
  /** Whether pages of an origin may ask. */
  readonly allowsOrigin: (origin: string) => boolean;
  /** Whether a caller may know of a model. */
  readonly mayKnow: (caller: Caller, model: string) => boolean;
  /** Takes a place among the client's requests under way. @returns gives it back @throws {RequestError} 429 if there is none */
  readonly enter: (caller: Caller) => () => void;
}

/** What outlives a reload of the policy: rates and requests under way. */
export interface AccessMemory {
  readonly rates: RateLimiter;
  readonly underWay: Map<string, number>;
}

/** Starts without anything under way. @param now milliseconds on a clock that never goes back */
export function createAccessMemory(now: () => number): AccessMemory {
  return { rates: createRateLimiter(now), underWay: new Map() };
}

/**
 * Puts a policy to work.
 *
 * @param names hosts under which the server is reached, beside the policy's
 * @throws {OptionError} naming an entry that is no address or block
 */
export function createAccess(policy: Policy, memory: AccessMemory, names: readonly string[]): Access {
  const network = createNetworkRules(policy.network);
  const sources = new Map<PolicyClient, AddressRules>(
    policy.clients.flatMap((client, index) =>
      client.from === undefined ? [] : [[client, parseAddressRules(client.from, `clients[${index}].from`)] as const],
    ),
  );
  const hosts = new Set([...policy.hosts, ...names].map((host) => host.toLowerCase()));

  const requireAddress = (asking: Asking): string | undefined => {
    if (asking.peer === undefined) return undefined;
    const address = clientAddress(asking.peer, asking.forwarded, network);
    if (address === undefined) throw new RequestError(400, "X-Forwarded-For", "holds something that is no address");
    // The rules hold for the client's own address as they do for the connection's.
    if (!network.decide(address).isAllowed) throw new RequestError(403, "address", "may not use this server");
    return address;
  };

  const allowsOrigin = (origin: string): boolean => policy.cors.includes(origin) || policy.cors.includes("*");

  const requireHost = ({ host, origin }: Asking): void => {
    const name = host?.replace(/:\d+$/, "").toLowerCase();
    if (name === undefined) throw new RequestError(400, "Host", "is missing; say which server is meant");
    if (!hosts.has(name))
      throw new RequestError(403, "Host", "is not a name of this server; its policy lists them in hosts");
    if (origin !== undefined && !allowsOrigin(origin))
      throw new RequestError(403, "Origin", "may not use this server; its policy lists pages in cors");
  };

  const findClient = ({ key, certificate }: Asking): PolicyClient => {
    const byCertificate =
      certificate === undefined ? undefined : policy.clients.find((client) => client.certificate === certificate);
    const found = byCertificate ?? (key === undefined ? undefined : findByKey(policy.clients, key));
    if (found !== undefined) return found;
    throw new RequestError(401, "key", "is missing or not known; send it as Authorization: Bearer KEY");
  };

  return {
    policy,
    network,
    allowsOrigin,
    identify: (asking) => {
      const address = requireAddress(asking);
      requireHost(asking);
      if (policy.clients.length === 0) return { client: undefined, address };
      const client = findClient(asking);
      const rules = sources.get(client);
      const plain = address === undefined ? undefined : plainAddress(address);
      if (rules !== undefined && (plain === undefined || !rules.matches(plain)))
        throw new RequestError(403, "address", "may not use this key");
      return { client, address };
    },
    authorise: ({ client }, verb, model) => {
      if (client === undefined) return;
      if (model !== undefined && !mayUse(client, model.name)) throw unknownModel(model.name, model.version);
      if (!client.verbs.includes(verb))
        throw new RequestError(403, "key", `may not ${verb}; its policy says what it may`);
      if (client.rate === undefined) return;
      const wait = memory.rates.take(client.name, client.rate);
      if (wait > 0) {
        const retryAfter = Math.ceil(wait);
        throw new RequestError(429, "key", `asks too often; try again after ${retryAfter} s`, { retryAfter });
      }
    },
    mayKnow: ({ client }, model) => client === undefined || mayUse(client, model),
    enter: ({ client }) => {
      if (client?.maxConcurrent === undefined) return () => undefined;
      const { name, maxConcurrent } = client;
      const count = memory.underWay.get(name) ?? 0;
      if (count >= maxConcurrent)
        throw new RequestError(429, "key", `has ${count} requests under way already; wait for one`, { retryAfter: 1 });
      memory.underWay.set(name, count + 1);
      return () => void memory.underWay.set(name, memory.underWay.get(name)! - 1);
    },
  };
}

/** A model that a caller may not know of answers as one that there is not. */
export function unknownModel(name: string, version?: string): RequestError {
  const which = version === undefined ? `"${name}"` : `"${name}" of version "${version}"`;
  return new RequestError(404, "model", `${which} is not served here; POST /v2/repository/index says what is`);
}
