import"./chunk-XBEPPW4L.js";
