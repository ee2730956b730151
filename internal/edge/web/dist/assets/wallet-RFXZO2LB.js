import"./chunk-IB6H72JZ.js";
