namespace Strata.Server.Tests.Description;

/// <summary>A folder with /openapi.json in it, and with what is made of it.</summary>
internal sealed class DescriptionFolder : IDisposable
{
    private const string Packages = "tests/clients/openapi";

    public DescriptionFolder()
    {
        Path = Directory.CreateTempSubdirectory("strata-openapi-").FullName;
        Description = System.IO.Path.Combine(Path, "openapi.json");
    }

    public string Path { get; }

    public string Description { get; }

    public async Task WriteAsync(HttpClient http) =>
        await File.WriteAllTextAsync(Description, await http.GetStringAsync("/openapi.json", TestContext.Current.CancellationToken));

    /// <summary>Files of tests/clients/openapi, with its packages beside them.</summary>
    public void Take(params string[] files)
    {
        foreach (var file in files) File.Copy(System.IO.Path.Combine(Script.Root, Packages, file), System.IO.Path.Combine(Path, file));
        Directory.CreateSymbolicLink(
            System.IO.Path.Combine(Path, "node_modules"), System.IO.Path.Combine(Script.Root, Packages, "node_modules"));
    }

    public void Dispose() => Folder.Delete(Path);
}
