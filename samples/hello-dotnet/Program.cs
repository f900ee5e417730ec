using System.Runtime.InteropServices;

var builder = WebApplication.CreateSlimBuilder(args);
var app = builder.Build();
var instance = Environment.GetEnvironmentVariable("STRATA_INSTANCE") ?? "this machine";

app.MapGet("/", () => $"Hello from {RuntimeInformation.FrameworkDescription} on {instance}\n");
app.MapGet("/healthz", () => "ok\n");

app.Run();
