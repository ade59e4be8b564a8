import { residua } from "residua/vite";

export default { plugins: [residua({ models: ["plates", "cells"] })] };
