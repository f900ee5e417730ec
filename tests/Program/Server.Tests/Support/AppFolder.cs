namespace Strata.Server.Tests.Support;

/// <summary>An application's source in a folder that is gone after the test.</summary>
public sealed class AppFolder : IDisposable
{
    public AppFolder(params (string Path, string Content)[] files)
    {
        Path = Directory.CreateTempSubdirectory("strata-app-").FullName;
        foreach (var (path, content) in files) Write(path, content);
    }

    public string Path { get; }

    /// <summary>A Node application of one file.</summary>
    public static AppFolder Node(string script, string strataYaml = "") => strataYaml.Length == 0
        ? new(("package.json", """{"name":"app","scripts":{"start":"node server.js"}}"""), ("server.js", script))
        : new(("package.json", """{"name":"app","scripts":{"start":"node server.js"}}"""), ("server.js", script), ("strata.yaml", strataYaml));

    /// <summary>Answers every request with this text, and finishes what is under way when it is told to end.</summary>
    public static AppFolder Saying(string text) => Node($$"""
        const server = require('node:http').createServer((request, response) => { console.log(request.url); response.end('{{text}}\n'); });
        server.listen(process.env.PORT, process.env.HOST, () => console.log('listening'));
        process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
        """);

    public void Write(string path, string content)
    {
        var full = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }

    public void Dispose() => Folder.Delete(Path);
}
