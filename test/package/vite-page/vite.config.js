import { residua } from "residua/vite";

export default { plugins: [residua()], preview: { host: "127.0.0.1" }, logLevel: "error" };
