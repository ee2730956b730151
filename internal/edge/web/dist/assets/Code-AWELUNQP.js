import{a as o,b as r,c as m}from"./chunk-OHED3PZV.js";import"./chunk-NOXZJJDA.js";export{m as Bars,r as QR,o as runs};
