import{a as o,b as r,c as m}from"./chunk-Y3EU3VNW.js";import"./chunk-Y2PB7VOS.js";export{m as Bars,r as QR,o as runs};
