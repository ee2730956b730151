function n(t,o,c){let e=document.createElement("a");e.href=URL.createObjectURL(new Blob([c],{type:o})),e.download=t,e.click(),setTimeout(()=>URL.revokeObjectURL(e.href),6e4)}export{n as a};
