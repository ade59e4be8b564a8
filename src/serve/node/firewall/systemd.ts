import { dirname, resolve } from "node:path";
import { subtractBlocks } from "../policy/blocks.ts";
import type { Policy } from "../policy/schema.ts";
import { plainBlocks } from "./rules.ts";

/**
 * A policy's rules as a drop-in of a systemd unit. Systemd's allow beats its deny, so denied blocks are taken out of the allowed
 * ones. The rules hold for all of the process's traffic: it cannot reach other addresses either.
 */
export function writeSystemd({ network, audit, listen }: Policy): string {
  const { deny, allow, trustedProxies } = network;
  const isProxied = listen.every((listener) => "path" in listener || listener.proxiesOnly);
  const mayCome = isProxied ? trustedProxies : [...allow, ...trustedProxies];
  const isOpen = network.default === "allow" && !isProxied;
  const addresses = isOpen
    ? plainBlocks(deny).map((block) => `IPAddressDeny=${block}`)
    : [
        "IPAddressDeny=any",
        ...plainBlocks(subtractBlocks(mayCome, deny, "network")).map((block) => `IPAddressAllow=${block}`),
      ];
  const folders = [
    ...(audit === undefined ? [] : [dirname(resolve(audit.file))]),
    ...listen.flatMap((listener) => ("path" in listener ? [dirname(resolve(listener.path))] : [])),
  ];
  return [
    "[Service]",
    ...addresses,
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectControlGroups=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "RestrictNamespaces=yes",
    "LockPersonality=yes",
    ...[...new Set(folders)].map((folder) => `ReadWritePaths=${folder}`),
    "",
  ].join("\n");
}
