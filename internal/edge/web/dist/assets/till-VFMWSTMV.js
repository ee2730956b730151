import"./chunk-EDJRC55W.js";
