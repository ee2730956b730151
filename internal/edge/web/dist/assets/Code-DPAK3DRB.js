import{a as o,b as r,c as m}from"./chunk-PF6C6OAJ.js";import"./chunk-DVZC4HOH.js";export{m as Bars,r as QR,o as runs};
