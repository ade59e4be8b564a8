import type { Policy } from "../policy/schema.ts";
import { writeNftables } from "./nftables.ts";
import { writeSystemd } from "./systemd.ts";
import { writeUfw } from "./ufw.ts";

/** A kind of firewall that rules can be written for. */
export type Firewall = "nftables" | "ufw" | "systemd";

/** What writes a policy's rules for each kind. */
export const firewalls: Readonly<Record<Firewall, (policy: Policy) => string>> = {
  nftables: writeNftables,
  ufw: writeUfw,
  systemd: writeSystemd,
};
