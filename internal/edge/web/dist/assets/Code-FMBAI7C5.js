import{a as o,b as r,c as m}from"./chunk-NPLTZICX.js";import"./chunk-QLS3MEID.js";export{m as Bars,r as QR,o as runs};
