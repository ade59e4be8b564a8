/** An inference server: the Open Inference Protocol over HTTP, worker processes, an access policy, an audit log. */
export { type AuditVerdict, verifyAudit } from "./audit/verify.ts";
export { createKey } from "./policy/keys.ts";
export { type LocalPolicy, type Server, type ServerEvent, type ServerOptions, startServer } from "./server.ts";
