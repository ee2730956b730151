import{a as o,b as r,c as m}from"./chunk-NKB72PDK.js";import"./chunk-IB6H72JZ.js";export{m as Bars,r as QR,o as runs};
