using System.Text.RegularExpressions;

namespace Strata.Server.Tests.Support;

/// <summary>
/// Makes programs of the code of pages, each in its own language, as a reader would who copies it; and says how to start them.
/// </summary>
public sealed partial class DocumentedPrograms(string folder)
{
    private static readonly string Sdk = Path.Combine(Script.Root, "sdk");

    public async Task<Command> MakeAsync(DocumentedCode code, string language) => language switch
    {
        "ts" => await TypeScriptAsync(code),
        "python" => Python(code),
        "csharp" => await CSharpAsync(code),
        _ => throw new ArgumentOutOfRangeException(nameof(language), language, null),
    };

    /// <summary>Checked by the compiler with the options of the library's own samples.</summary>
    private async Task<Command> TypeScriptAsync(DocumentedCode code)
    {
        var (name, installed) = (NameOf(code), Sdk + "/typescript/node_modules/");
        Directory.CreateDirectory(Path.Combine(folder, "node_modules/@strata")); // as npm install links a folder
        Link("node_modules/@strata/client", Sdk + "/typescript");
        Link("node_modules/@types", installed + "@types");
        await WriteAsync("package.json", """{"type":"module"}""");
        await WriteAsync(name + ".ts", code.Program("ts"));
        await Script.RunAsync("node", [installed + "typescript/bin/tsc", "--target", "ES2022", "--module", "NodeNext", "--strict",
            "--exactOptionalPropertyTypes", "--skipLibCheck", "--types", "node", name + ".ts"], folder);
        return new Command("node", [name + ".js"], folder);
    }

    private Command Python(DocumentedCode code)
    {
        var file = Path.Combine(folder, NameOf(code) + ".py");
        File.WriteAllText(file, code.Program("python"));
        return new Command("/usr/bin/python3", ["-u", file], folder, ("PYTHONPATH", Sdk + "/python"));
    }

    /// <summary>
    /// By the compiler alone, which takes a tenth of the time of a build, beside the assemblies of the sample, which uses the same library.
    /// </summary>
    private async Task<Command> CSharpAsync(DocumentedCode code)
    {
        var made = Path.Combine(folder, NameOf(code));
        Directory.CreateDirectory(made);
        var sample = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../OrderFulfilment/debug"));
        foreach (var assembly in Directory.GetFiles(sample, "*.dll"))
            File.CreateSymbolicLink(Path.Combine(made, Path.GetFileName(assembly)), assembly);
        File.Copy(Path.Combine(sample, "Strata.OrderFulfilment.runtimeconfig.json"), Path.Combine(made, "program.runtimeconfig.json"));
        // A block of types may come before statements on a page, and not in a file.
        var blocks = code.Blocks("csharp").ToLookup(block => block.StartsWith("internal ", StringComparison.Ordinal));
        var usings = Usings().Matches(code.Program("csharp")).Select(m => "global " + m.Value).Distinct().ToList();
        string[] implicitUsings = ["System", "System.Collections.Generic", "System.Linq", "System.Threading", "System.Threading.Tasks"];
        await File.WriteAllLinesAsync(Path.Combine(made, "usings.cs"), implicitUsings.Select(u => $"global using {u};").Concat(usings));
        await File.WriteAllTextAsync(Path.Combine(made, "types.cs"), "#nullable enable\n" + string.Join('\n', blocks[true]));
        await File.WriteAllTextAsync(
            Path.Combine(made, "program.cs"), "#nullable enable\n" + Usings().Replace(string.Join('\n', blocks[false]), ""));
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var references = Directory.GetFiles(runtime, "*.dll").Concat(Directory.GetFiles(sample, "*.dll")).Select(f => "/r:" + f);
        await File.WriteAllLinesAsync(Path.Combine(made, "compile.rsp"),
            ["/nologo", "/noconfig", "/nostdlib", "/langversion:latest", "/target:exe", "/warnaserror+", $"/out:{made}/program.dll",
                .. references, $"{made}/usings.cs", $"{made}/types.cs", $"{made}/program.cs"]);
        await Script.RunAsync("dotnet", [Compiler(runtime), $"@{made}/compile.rsp"], made);
        return new Command("dotnet", [$"{made}/program.dll"], made);
    }

    /// <summary>Of the newest SDK beside the runtime that runs this.</summary>
    private static string Compiler(string runtime) =>
        Directory.GetDirectories(Path.GetFullPath(Path.Combine(runtime, "../../../sdk"))).Order(StringComparer.Ordinal)
            .Select(sdk => Path.Combine(sdk, "Roslyn/bincore/csc.dll")).Last(File.Exists);

    private static string NameOf(DocumentedCode code) =>
        code.Page.Replace('/', '-').Replace(".md", "", StringComparison.Ordinal).ToLowerInvariant();

    private void Link(string name, string target)
    {
        if (!Directory.Exists(Path.Combine(folder, name))) File.CreateSymbolicLink(Path.Combine(folder, name), target);
    }

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(folder, name), text);

    [GeneratedRegex(@"^using [A-Za-z.]+;$", RegexOptions.Multiline)]
    private static partial Regex Usings();

    /// <summary>How to start a program.</summary>
    public sealed record Command(string Program, string[] Arguments, string Folder, params (string Name, string Value)[] Environment);
}
