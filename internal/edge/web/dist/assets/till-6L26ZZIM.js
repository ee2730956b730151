import"./chunk-G6KIVS32.js";
