import type { JSX } from "preact";
import { say } from "../language.ts";

export function LearnPage(): JSX.Element {
  return <h1>{say({ en: "What is a shortcut?", zh: "什么是快捷连接？" })}</h1>;
}
