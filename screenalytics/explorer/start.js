"use strict";
// The page asks as whoever is signed in: a session has to say with everything that is no GET that it is this page.
(async () => {
  const answer = await fetch("/session");
  const token = answer.ok ? (await answer.json()).data.csrf_token : null;
  window.explorer = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#explorer",
    deepLinking: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      const method = (request.method || "GET").toUpperCase();
      if (token && method !== "GET" && method !== "HEAD") request.headers["X-CSRF-Token"] = token;
      return request;
    },
  });
})();
