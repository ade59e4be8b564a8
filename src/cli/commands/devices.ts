import type { Command } from "commander";
import type { Words } from "../../report/words.ts";
import type { DeviceState } from "../../runtime/node/devices/list-devices.ts";
import { spokenMessage } from "../lang/language.ts";
import { sharedOptions } from "../options.ts";
import { type Column, formatTable, printJson, printLines } from "../output.ts";

function describeState({ isUsable, driver, threads, blockSize, problem }: DeviceState): Words {
  if (problem !== undefined) return spokenMessage(problem);
  if (threads !== undefined) {
    const blocked = blockSize === undefined;
    return {
      en: `${threads} threads, ${blocked ? "no blocked kernels" : `blocked kernels of ${blockSize} channels`}`,
      zh: `${threads} 个线程，${blocked ? "没有 blocked 内核" : `每块 ${blockSize} 个通道的 blocked 内核`}`,
    };
  }
  return driver ?? (isUsable ? { en: "a model has run", zh: "已运行一个模型" } : "");
}

const columns: readonly Column<DeviceState>[] = [
  { title: { en: "device", zh: "设备" }, value: ({ device }) => device },
  {
    title: { en: "usable", zh: "可用" },
    value: ({ isUsable }) => (isUsable ? { en: "yes", zh: "是" } : { en: "no", zh: "否" }),
  },
  { title: { en: "what it is, or what to do", zh: "说明或办法" }, value: describeState },
];

async function list({ json = false }: { readonly json?: boolean }): Promise<void> {
  const { listDevices } = await import("../../runtime/node/devices/list-devices.ts");
  const devices = await listDevices();
  if (json) printJson({ devices });
  else printLines(formatTable(columns, devices));
}

/** `residua devices`: what there is to compute with. */
export function registerDevices(program: Command): void {
  program
    .command("devices")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua devices")
    .action(list);
}
