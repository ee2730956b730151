import"./chunk-DVZC4HOH.js";
