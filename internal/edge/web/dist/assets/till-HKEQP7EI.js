import"./chunk-EGFXDMU5.js";
