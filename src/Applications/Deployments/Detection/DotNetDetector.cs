using System.Xml;
using System.Xml.Linq;
using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

internal sealed class DotNetDetector : IDetector
{
    /// <summary>Starts with a dot, so that the project's own globs do not include the result.</summary>
    private const string Output = ".strata-publish";

    public string Stack => Stacks.DotNet;
    public string Understands => "an ASP.NET Core project (.csproj with Sdk=\"Microsoft.NET.Sdk.Web\")";

    public Detection Detect(SourceTree source)
    {
        var projects = source.FilesEnding(".csproj").Select(x => Project.Read(source, x)).OfType<Project>().ToList();
        var web = projects.FindAll(x => x.Web);
        return web switch
        {
            [var one] => new Detection.Found(Plan(one)),
            [] => projects.Count == 0 ? Detection.No
                : new Detection.Other($"{projects[0].Path} is not a web project (Sdk=\"Microsoft.NET.Sdk.Web\")"),
            _ => Several(web),
        };
    }

    private static Detection Several(List<Project> web)
    {
        var first = web[0];
        return Detection.Fault(
            $"There are several web projects: {string.Join(", ", web.Take(5).Select(x => x.Path))}.",
            $"Choose one in strata.yaml, for example: build: {{command: dotnet publish {first.Path} -c Release -o out, output: out}} "
            + $"and run: {{command: dotnet {first.Assembly}.dll}}");
    }

    private static BuildPlan Plan(Project project) => new()
    {
        Stack = Stacks.DotNet,
        Summary = $"an ASP.NET Core application ({project.Framework}), {project.Path}",
        Steps = [
            new BuildStep(
                $"dotnet publish {ShellCommand.Quote(project.Path)} -c Release -o {Output} -p:UseAppHost=false --nologo -v quiet -clp:NoSummary")],
        Outputs = [Output],
        Command = $"export ASPNETCORE_URLS=\"http://$HOST:$PORT\"; exec dotnet {ShellCommand.Quote(project.Assembly + ".dll")}",
        Tools = ["dotnet"],
    };

    /// <param name="Assembly">Name of the built file, without .dll.</param>
    private sealed record Project(string Path, bool Web, string Assembly, string Framework)
    {
        /// <summary>Null if the file cannot be read as a project.</summary>
        public static Project? Read(SourceTree source, string path)
        {
            try
            {
                using var reader = XmlReader.Create(new StringReader(source.Read(path) ?? ""),
                    new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
                var xml = XDocument.Load(reader);
                var web = xml.Root?.Attribute("Sdk")?.Value.StartsWith("Microsoft.NET.Sdk.Web", StringComparison.OrdinalIgnoreCase) == true;
                return new Project(path, web, Value(xml, "AssemblyName") ?? System.IO.Path.GetFileNameWithoutExtension(path),
                    Value(xml, "TargetFramework") ?? "framework of its own choice");
            }
            catch (XmlException)
            {
                return null;
            }
        }

        private static string? Value(XDocument xml, string name) =>
            xml.Descendants().FirstOrDefault(x => x.Name.LocalName == name)?.Value.Trim() is { Length: > 0 } value && !value.Contains('$')
                ? value : null;
    }
}
