/** Table 1 of "Identity Mappings in Deep Residual Networks" (He et al. 2016). */
export default {
  compare: {
    depth: [32],
    variants: [
      { name: "original", shortcut: "project" },
      { name: "shortcut-only gate, b=-6", shortcut: "gated-shortcut", options: { gateBias: -6 } },
      { name: "exclusive gate, b=-6", shortcut: "gated", options: { gateBias: -6 } },
      { name: "scale 0.5, F×0.5", shortcut: "scaled", options: { shortcutScale: 0.5, scaleResidual: true } },
      { name: "1×1 convolution", shortcut: "project-all" },
      { name: "scale 0", shortcut: "scaled", options: { shortcutScale: 0 } },
      { name: "dropout 0.5", shortcut: "dropout", options: { shortcutDropout: 0.5 } },
    ],
  },
};
