import { Option } from "commander";
import { findDefaults } from "../../../tasks/plates/find-plates.ts";
import { decimalNumber } from "../../options.ts";

/** How much of a plate must be legible. */
export function legibilityOption(): Option {
  return new Option(
    "--legibility <share>",
    `least mean probability of a plate's characters; 0 keeps all that is located (default: ${findDefaults.legibility})`,
  ).argParser(decimalNumber(0, 1));
}
