export { type ColumnValues, tableToColumns } from "./columns.ts";
export { parseCsvTable, tableToCsv } from "./csv.ts";
export { exportTable } from "./export.ts";
export { type ImportedTable, type ImportOptions, importTables } from "./import.ts";
export { columnsToJson, parseTableCase, tableToJson } from "./leetcode.ts";
export type { ColumnKind, NumberText, Table, TableCase, TableCell, TableColumn } from "./table.ts";
