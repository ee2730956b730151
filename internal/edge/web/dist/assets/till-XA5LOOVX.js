import"./chunk-IVZ7QW3N.js";
