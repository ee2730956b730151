import{a,b,c}from"./chunk-TYGGUFFO.js";import"./chunk-D7T4XN55.js";import"./chunk-SBBL4M4A.js";export{c as Bars,b as QR,a as runs};
