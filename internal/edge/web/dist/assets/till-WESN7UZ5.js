import"./chunk-336XDYTK.js";
