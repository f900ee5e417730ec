// Starts Scalar on /openapi.json. Everything that would leave this server is off: fonts, telemetry, the hosted client, the assistant.
Scalar.createApiReference('#app', {
  url: '/openapi.json',
  title: 'Strata API',
  baseServerURL: window.location.origin,
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  persistAuth: false,
  authentication: { preferredSecurityScheme: 'token' },
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  operationTitleSource: 'path',
  hideModels: false,
  tagsSorter: 'alpha',
});
