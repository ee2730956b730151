package view

// Merger lets tests open a view's store on their own.
var Merger = merger
