import"./chunk-Y2PB7VOS.js";
