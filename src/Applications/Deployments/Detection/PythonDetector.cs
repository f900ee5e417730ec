using System.Text.RegularExpressions;
using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

internal sealed partial class PythonDetector : IDetector
{
    private const string Packages = ".strata-packages";
    private const string Python = "/usr/bin/python3";

    /// <summary>Serves a WSGI application with the standard library if the source has no server of its own.</summary>
    private static string PlainWsgi(string module, string variable) =>
        $"import os,socketserver,wsgiref.simple_server as w,{module} as m; S=type(\"S\",(socketserver.ThreadingMixIn,w.WSGIServer),dict(daemon_threads=True)); "
        + $"w.make_server(os.environ[\"HOST\"],int(os.environ[\"PORT\"]),m.{variable},S).serve_forever()";

    public string Stack => Stacks.Python;
    public string Understands => "main.py, app.py, server.py or wsgi.py (with a requirements.txt where it needs packages)";

    public Detection Detect(SourceTree source)
    {
        if (source.FirstFile("main.py", "app.py", "server.py", "wsgi.py") is not { } file)
        {
            return source.FirstFile("requirements.txt", "pyproject.toml", "manage.py") is { } hint
                ? new Detection.Other($"{hint} is there, but no main.py, app.py, server.py or wsgi.py that could be started")
                : Detection.No;
        }
        var requirements = Requirements(source);
        var (command, how) = Command(source, file, requirements);
        return new Detection.Found(new BuildPlan
        {
            Stack = Stacks.Python,
            Summary = $"a Python application, {file} run by {how}",
            Steps = requirements.Count == 0
                ? [] : [new BuildStep(
                    $"{Python} -m pip install --disable-pip-version-check --no-input --quiet --target {Packages} -r requirements.txt",
                    Install: true)],
            Command = $"export PYTHONUNBUFFERED=1 PYTHONPATH=\"$PWD/{Packages}:$PWD\"; {command}",
            Tools = ["python3", .. (requirements.Count == 0 ? (string[])[] : ["pip"])],
        });
    }

    private static (string Command, string How) Command(SourceTree source, string file, IReadOnlySet<string> requirements)
    {
        var module = Path.GetFileNameWithoutExtension(file);
        var variable = Callable().Match(source.Read(file) ?? "") is { Success: true } found ? found.Groups[1].Value : null;
        if (variable is not null && requirements.Contains("uvicorn"))
            return ($"exec {Python} -m uvicorn {module}:{variable} --host \"$HOST\" --port \"$PORT\"", "uvicorn");
        if (variable is not null && requirements.Contains("gunicorn"))
            return ($"exec {Python} -m gunicorn --bind \"$HOST:$PORT\" {module}:{variable}", "gunicorn");
        return file == "wsgi.py" && variable is not null
            ? ($"exec {Python} -c '{PlainWsgi(module, variable)}'", "Python's own WSGI server")
            : ($"exec {Python} {file}", Python);
    }

    /// <summary>Names of the packages in requirements.txt, lower case.</summary>
    private static HashSet<string> Requirements(SourceTree source) => (source.Read("requirements.txt") ?? "").Split('\n')
        .Select(x => Package().Match(x)).Where(x => x.Success).Select(x => x.Groups[1].Value.ToLowerInvariant())
        .ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex(@"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")]
    private static partial Regex Package();

    [GeneratedRegex(@"^(?:def\s+)?(application|app)\b\s*(?:=|\(|:)", RegexOptions.Multiline)]
    private static partial Regex Callable();
}
