import type { Policy } from "../policy/schema.ts";
import { plainBlocks, type PortRules, portRules } from "./rules.ts";

/** A policy's rules for ufw, as a script: ufw takes the first rule that matches, in the order in which they were added. */
export function writeUfw(policy: Policy): string {
  return ["#!/bin/sh", "set -e", ...portRules(policy).flatMap(commands), ""].join("\n");
}

function commands({ port, address = "any", deny, allow, rest }: PortRules): readonly string[] {
  const isFamily = (block: string): boolean => address === "any" || address.includes(":") === block.includes(":");
  const rule = (verb: string, from: string): string => `ufw ${verb} proto tcp from ${from} to ${address} port ${port}`;
  return [
    ...plainBlocks(deny)
      .filter(isFamily)
      .map((block) => rule("deny", block)),
    ...plainBlocks(allow)
      .filter(isFamily)
      .map((block) => rule("allow", block)),
    rule(rest, "any"),
  ];
}
