import{a as o,b as r,c as m}from"./chunk-DAEJXEMI.js";import"./chunk-VG34W55G.js";export{m as Bars,r as QR,o as runs};
