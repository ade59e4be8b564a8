import type { Command } from "commander";
import { readVerifyingKey } from "../../artifacts/node/signing-keys.ts";
import { type AuditVerdict, verifyAudit } from "../../serve/node/audit/verify.ts";
import { OptionError } from "../../tensor/errors.ts";
import { ExitCode } from "../exit-code.ts";
import { sharedOptions } from "../options.ts";
import type { Words } from "../../report/words.ts";
import { spokenMessage } from "../lang/language.ts";
import { print, printJson } from "../output.ts";

interface Options {
  readonly key?: string;
  readonly head?: string;
  readonly json?: boolean;
}

async function verify(file: string, { key, head, json = false }: Options): Promise<void> {
  if ((key === undefined) !== (head === undefined))
    throw new OptionError("--head", "and --key go together: the signed head, and the key that signed it");
  const proof = head === undefined || key === undefined ? undefined : { head, key: await readVerifyingKey(key) };
  const verdict = await verifyAudit(file, proof);
  if (verdict.kind === "broken") process.exitCode = ExitCode.failure;
  if (json) printJson({ file, ...verdict });
  else print(describeVerdict(file, verdict));
}

function describeVerdict(file: string, verdict: AuditVerdict): Words {
  if (verdict.kind === "broken")
    return {
      en: `${verdict.file}: line ${verdict.line} ${verdict.reason}`,
      zh: `${verdict.file}：第 ${verdict.line} 行：${spokenMessage(verdict.reason)}`,
    };
  const { lines, from, proved } = verdict;
  const whole = {
    en: `${file}: ${lines} lines, each follows the one before${from === 0 ? "" : `, from number ${from}: older files were deleted`}.`,
    zh: `${file}：${lines} 行，每行都接着前一行${from === 0 ? "" : `，从编号 ${from} 开始：更早的文件已删除`}。`,
  };
  if (proved === undefined)
    return {
      en: `${whole.en} Whether lines at its end were cut off is not provable without a signed head that was kept elsewhere.`,
      zh: `${whole.zh}没有另行保存的签名链头，无法证明末尾是否被截断。`,
    };
  const { head, after } = proved;
  const isLater = after > 0;
  return {
    en: `${whole.en} None is missing up to the head of ${head.time}, line ${head.sequence}.${isLater ? ` ${after} lines came later; that none of those was cut off is not provable.` : ""}`,
    zh: `${whole.zh}截至 ${head.time} 的链头（第 ${head.sequence} 行）没有缺失。${isLater ? `其后又有 ${after} 行；无法证明其中没有被截断的。` : ""}`,
  };
}

/** `residua audit verify FILE`: checks the log of a server. */
export function registerAudit(program: Command): void {
  const audit = program.command("audit");
  audit
    .command("verify")
    .description("check that no line of a server's audit log was changed, taken out or put in; exits with 1 if one was")
    .argument("<file>", "the log; files that were put aside are found beside it")
    .option("--head <file>", "a signed head, kept elsewhere: proves that nothing before it was cut off")
    .option("--key <file>", "public key that the head is checked with")
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      "\nExample:\n  $ residua audit verify audit.jsonl --head kept/audit.jsonl.head --key keys/server-sign.pub",
    )
    .action(verify);
}
