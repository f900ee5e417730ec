using NSwag;
using NSwag.CodeGeneration.CSharp;

namespace Strata.Server.Tests.Description;

/// <summary>What generators make of /openapi.json compiles as it is and works against a real server.</summary>
[Collection(DescribedApi.Name)]
public sealed class GeneratedClientTests(WholeApi api)
{
    private const string Expected =
        """{"names":["typed"],"label":"web","code":"NOT_FOUND","type":"/docs/errors/NOT_FOUND","deleted":"typed","entity":{"title":"B"},"state":"CREATED"}""";

    [Fact]
    public async Task TypeScript_CompilesStrictly_AndRuns()
    {
        using var folder = new DescriptionFolder();
        await folder.WriteAsync(api.Http);
        folder.Take("program.ts", "tsconfig.json", "package.json");
        await NodeAsync(folder, "openapi-typescript/bin/cli.js", "openapi.json", "-o", "schema.ts");
        await NodeAsync(folder, "typescript/bin/tsc", "-p", ".");
        var output = await Script.RunAsync(
            "node", ["out/program.js", api.Server.Options.ApiUrl.ToString(), api.Server.AdminToken!], folder.Path);
        Assert.Equal(Expected, output.Trim());
    }

    /// <summary>NSwag, with System.Text.Json: what it makes needs no package. Long, because the SDK builds it.</summary>
    [Fact, Trait("Duration", "Long")]
    public async Task CSharp_Compiles_AndRuns()
    {
        using var folder = new DescriptionFolder();
        await folder.WriteAsync(api.Http);
        var document = await OpenApiDocument.FromFileAsync(folder.Description, TestContext.Current.CancellationToken);
        var settings = new CSharpClientGeneratorSettings { ClassName = "StrataApi", GenerateOptionalParameters = true };
        settings.CSharpGeneratorSettings.Namespace = "Generated";
        settings.CSharpGeneratorSettings.GenerateOptionalPropertiesAsNullable = true; // else what is left out is sent as 0
        settings.CSharpGeneratorSettings.JsonLibrary = NJsonSchema.CodeGeneration.CSharp.CSharpJsonLibrary.SystemTextJson;
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "StrataApi.cs"), new CSharpClientGenerator(document, settings).GenerateFile(),
            TestContext.Current.CancellationToken);
        foreach (var (from, to) in new[] { ("program.cs.txt", "Program.cs"), ("client.csproj.txt", "client.csproj") })
            File.Copy(Path.Combine(Script.Root, "tests/clients/openapi", from), Path.Combine(folder.Path, to));
        await Script.RunAsync("dotnet", ["build", "client.csproj", "-o", "out", "-nologo", "-v", "quiet", "-nodeReuse:false"], folder.Path);
        var output = await Script.RunAsync(
            "dotnet", ["out/client.dll", api.Server.Options.ApiUrl.ToString(), api.Server.AdminToken!], folder.Path);
        Assert.Equal(Expected.Replace("typed", "typed-too", StringComparison.Ordinal), output.Trim());
    }

    private static Task<string> NodeAsync(DescriptionFolder folder, string program, params string[] arguments) =>
        Script.RunAsync("node", [Path.Combine("node_modules", program), .. arguments], folder.Path);
}
