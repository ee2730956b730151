import"./chunk-YXIKPNIE.js";
