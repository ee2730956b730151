import"./chunk-NOXZJJDA.js";
