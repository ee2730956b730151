import"./chunk-VG34W55G.js";
