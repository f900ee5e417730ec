using System.Text.Json;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>Which cloud a command speaks to, and as whom. Kept in <c>STRATA_HOME/context.json</c>, readable by its owner only.</summary>
internal sealed record CliContext
{
    /// <summary>For example <c>http://127.0.0.1:8080</c>.</summary>
    public required string Server { get; init; }
    public string? Token { get; init; }

    /// <summary>Project that commands mean when none is named.</summary>
    public string Project { get; init; } = DefaultProject;

    public const string DefaultProject = "default";
    public const string FileName = "context.json";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>STRATA_URL and STRATA_TOKEN win over the file.</summary>
    public static CliContext Load(string home)
    {
        var url = Environment.GetEnvironmentVariable("STRATA_URL");
        var token = Environment.GetEnvironmentVariable("STRATA_TOKEN");
        if (!string.IsNullOrEmpty(url)) return new CliContext { Server = url, Token = token };
        var context = Read(home) ?? throw Unset(home).ToException();
        return string.IsNullOrEmpty(token) ? context : context with { Token = token };
    }

    /// <summary>The file's context, or null where there is none.</summary>
    public static CliContext? Read(string home)
    {
        var path = Path.Combine(home, FileName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), WireJson.Of<CliContext>()) : null;
        }
        catch (JsonException e)
        {
            throw new Error(ErrorKind.Invalid, "CONTEXT_INVALID", $"{path} cannot be read: {e.Message}", "Delete it; \"strata up\" writes it again.").ToException();
        }
    }

    public void Save(string home)
    {
        var path = Path.Combine(home, FileName);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(path + ".new", options)) JsonSerializer.Serialize(file, this, WireJson.Of<CliContext>());
        File.Move(path + ".new", path, overwrite: true);
    }

    private static Error Unset(string home) => new(
        ErrorKind.NotFound, "NO_CONTEXT", $"No cloud is known here: there is no {Path.Combine(home, FileName)} and STRATA_URL is not set.",
        "Start one with \"strata up\", or set STRATA_URL and STRATA_TOKEN.");
}
