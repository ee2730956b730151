import"./chunk-QLS3MEID.js";
