import"./chunk-4MKTF3PA.js";
