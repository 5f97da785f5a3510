// Shows the API's documents from our own address; nothing is fetched from elsewhere.
"use strict";
const place = document.getElementById("documents");
const address = place.dataset.openapi;
place.replaceChildren();
window.SwaggerUIBundle({
  url: address,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
});
