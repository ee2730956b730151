import{a as o,b as r,c as m}from"./chunk-6ZNPAJHO.js";import"./chunk-4MKTF3PA.js";export{m as Bars,r as QR,o as runs};
