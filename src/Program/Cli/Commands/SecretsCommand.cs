using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata secrets</c>: values that are kept from view. They are typed or piped in, and never arguments.</summary>
internal static class SecretsCommand
{
    private const int BytesMax = 32 * 1024;
    private const int UsesNamedMax = 5;

    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Name of the secret" }
        .CompletesNames(Plurals.Secrets);

    private static readonly Argument<int> Number = new("version") { Description = "Number of the version" };

    private static readonly Option<FileInfo?> FromFile = new("--from-file")
    {
        Description = "Read the value from this file instead of asking; text, at most 32 KiB", HelpName = "FILE",
    };

    private static readonly Option<string?> Description = new("--description") { Description = "Text for people", HelpName = "TEXT" };

    private static readonly Argument<int?> Version = new("version")
    {
        Description = "Number of an older version; left out: the newest", Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>So that a value that is given in this way is not part of an error.</summary>
    private static readonly Argument<string[]> Misplaced = new("value") { Hidden = true, Arity = ArgumentArity.ZeroOrMore };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    private static readonly Option<bool> Force = new("--force") { Description = "Even if variables of deployments refer to it" };

    public static Command Create(Terminal terminal)
    {
        var secrets = new Command("secrets", "Keep passwords and keys: set, list and reveal secrets")
        {
            new Command("list", "List the secrets, without their values").Does(terminal, ListAsync),
            new Command("set", "Set a secret's value, which is asked for or piped in; creates the secret if it does not exist")
            {
                Name, Misplaced, FromFile, Description,
            }.Does(terminal, SetAsync),
            new Command("versions", "List the versions of a secret") { Name }.Does(terminal, VersionsAsync),
            new Command("reveal", "Print a secret's value; its history shows that you did") { Name, Version }.Does(terminal, RevealAsync),
            new Command("destroy", "Destroy the value of one version for good") { Name, Number, Yes, Force }.Does(terminal, DestroyAsync),
            new Command("remove", "Destroy a secret with all its values") { Name, Yes, Force }.Does(terminal, RemoveAsync),
        }.Does(terminal, ListAsync);
        secrets.Aliases.Add("secret");
        return secrets;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Secrets, cancellationToken);

    private static async Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        if (run.Parse.GetValue(Misplaced) is { Length: > 0 } || name.Contains('=', StringComparison.Ordinal))
            throw UsageErrors.Of(
                "A secret's value is not an argument: the shell keeps arguments in its history.",
                "Leave it out and type it when you are asked, or pipe it in: strata secrets set NAME < FILE").ToException();
        var value = await ReadValueAsync(run, name, cancellationToken);
        var made = await EnsureAsync(run, name, cancellationToken);
        var body = new JsonText(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["value"] = value },
            WireJson.Options));
        using var answer = await SetAsync(run, name, body, made, cancellationToken);
        if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
        var version = answer.RootElement.GetProperty("status").GetProperty("lastVersion").GetInt32();
        run.Say($"Set {name}, version {version.ToString(CultureInfo.InvariantCulture)}.");
        if (version > 1) await SayUsesAsync(run, name, cancellationToken);
        return CommandRunner.Done;
    }

    /// <summary>None where the server does not say: the value is set all the same.</summary>
    private static async Task<List<string>> UsesAsync(Run run, string name, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await run.Client.SendAsync(HttpMethod.Get, $"{PathOf(name)}/uses", cancellationToken: cancellationToken);
            return answer is not null && answer.RootElement.TryGetProperty("deployments", out var uses)
                ? [.. uses.EnumerateArray().Select(d => d.GetString()!)] : [];
        }
        catch (StrataException)
        {
            return [];
        }
    }

    private static async Task SayUsesAsync(Run run, string name, CancellationToken cancellationToken)
    {
        if (await UsesAsync(run, name, cancellationToken) is not { Count: > 0 } uses) return;
        run.Say($"Used by {string.Join(", ", uses.Take(UsesNamedMax))}{(uses.Count > UsesNamedMax ? $" and {uses.Count - UsesNamedMax} more" : "")}. "
            + $"Instances get the new value when they start: strata restart {uses[0]}");
    }

    /// <summary>A value that is refused leaves no secret behind that was made for it.</summary>
    private static async Task<JsonDocument?> SetAsync(
        Run run, string name, JsonText body, Resource<JsonElement, JsonElement>? made, CancellationToken cancellationToken)
    {
        try
        {
            return await run.Client.SendAsync(HttpMethod.Post, $"{PathOf(name)}/versions", body, cancellationToken: cancellationToken);
        }
        catch (StrataException e) when (made is not null
            && e.Error.Kind is ErrorKind.Invalid or ErrorKind.Unprocessable or ErrorKind.Forbidden)
        {
            // Only as it was made: another value may be in it by now.
            try
            {
                await run.Client.Resources(Plurals.Secrets).DeleteAsync(made.Id, ifMatch: made.Revision,
                    cancellationToken: cancellationToken);
            }
            catch (StrataException)
            {
            }
            throw;
        }
    }

    /// <summary>Creates the secret if it does not exist; of two at once, one creates it.</summary>
    /// <returns>What this has created; null: it was there.</returns>
    private static async Task<Resource<JsonElement, JsonElement>?> EnsureAsync(Run run, string name, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, string>();
        if (run.Parse.GetValue(Description) is { } description) spec["description"] = description;
        var given = JsonSerializer.SerializeToElement(spec, WireJson.Options);
        var draft = new NewResource<JsonElement> { Name = name, Project = run.Project, Spec = given };
        try
        {
            await run.Client.Resources(Plurals.Secrets).GetAsync(name, cancellationToken: cancellationToken);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            try
            {
                return await run.Client.Resources(Plurals.Secrets).CreateAsync(draft, cancellationToken: cancellationToken);
            }
            catch (StrataException taken) when (taken.Error.Code == "NAME_TAKEN")
            {
                // By someone else a moment ago, or in another project.
                var there = await run.Client.Resources(Plurals.Secrets).FindAsync(name, cancellationToken: cancellationToken);
                return there is null ? throw NameTaken(run.Project, name).ToException() : null;
            }
        }
        if (spec.Count == 0) return null;
        var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec, WireJson.Options)));
        await run.Client.Resources(Plurals.Secrets).PatchAsync(name, patch, cancellationToken: cancellationToken);
        return null;
    }

    private static async Task<string> ReadValueAsync(Run run, string name, CancellationToken cancellationToken)
    {
        var value = run.Parse.GetValue(FromFile) is { } file ? await ReadFileAsync(file, cancellationToken)
            : run.Terminal.InIsTerminal
                ? await HiddenInput.AskAsync(
                    run, $"Value of {name} (it is not shown): ", BytesMax, $"Pipe it in: strata secrets set {name} < FILE",
                    cancellationToken)
                : WithoutEnd(await HiddenInput.ReadAsync(run, BytesMax + 2, cancellationToken));
        if (value.Length == 0)
            throw UsageErrors.Of("The value is empty.", "Type it, pipe it in, or name a file with --from-file.").ToException();
        if (value.Contains('\0', StringComparison.Ordinal))
            throw UsageErrors.Of("The value is not text: it holds the character NUL.", "Encode it: base64 FILE | strata secrets set NAME")
                .ToException();
        return Encoding.UTF8.GetByteCount(value) <= BytesMax ? value
            : throw UsageErrors.Of("The value is longer than 32 KiB.", "Store large files as blobs, or in a bucket.").ToException();
    }

    /// <summary>The end of the line that echo and editors add.</summary>
    private static string WithoutEnd(string text) => text.EndsWith('\n') ? text[..^1].TrimEnd('\r') : text;

    private static async Task<string> ReadFileAsync(FileInfo file, CancellationToken cancellationToken)
    {
        if (!file.Exists) throw UsageErrors.Of($"There is no file {file.FullName}.", "Check the path.").ToException();
        // Read to one byte beyond the limit, because devices and pipes do not say how long they are.
        var bytes = new byte[BytesMax + 1];
        await using var stream = file.OpenRead();
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > BytesMax)
            throw UsageErrors.Of("The file is longer than 32 KiB.", "Store large files as blobs, or in a bucket.").ToException();
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw UsageErrors.Of("The file is not text in UTF-8.",
                $"Encode it: base64 {file.Name} | strata secrets set NAME").ToException();
        }
    }

    private static async Task<int> VersionsAsync(Run run, CancellationToken cancellationToken)
    {
        var secret = await run.Client.Resources(Plurals.Secrets)
            .GetAsync(run.Parse.GetRequiredValue(Name), cancellationToken: cancellationToken);
        if (run.WriteMachine(secret.Status)) return CommandRunner.Done;
        var table = new Table("VERSION", "SET", "BY");
        foreach (var version in secret.Status.GetProperty("versions").EnumerateArray())
            table.Add(version.GetProperty("number").ToString(), version.Time("createdAt") is { } at ? TimeText.Ago(at, run.Now) : "",
                version.Text("createdBy") ?? "");
        table.Write(run.Terminal);
        return CommandRunner.Done;
    }

    /// <summary>Without an end of line where it is piped on: it would become part of the value.</summary>
    private static async Task<int> RevealAsync(Run run, CancellationToken cancellationToken)
    {
        var query = run.Parse.GetValue(Version) is { } number ? "?version=" + number.ToString(CultureInfo.InvariantCulture) : "";
        var path = $"{PathOf(run.Parse.GetRequiredValue(Name))}/reveal{query}";
        using var answer = await run.Client.SendAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
        if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
        if (run.Terminal.OutIsTerminal) run.Terminal.Out.WriteLine(answer.RootElement.Text("value"));
        else run.Terminal.Out.Write(answer.RootElement.Text("value"));
        return CommandRunner.Done;
    }

    private static async Task<int> DestroyAsync(Run run, CancellationToken cancellationToken)
    {
        var (name, number) = (run.Parse.GetRequiredValue(Name), run.Parse.GetRequiredValue(Number));
        if (!await Confirmation.AskAsync(run, Yes, $"Destroy version {number} of {name} for good?", cancellationToken))
            return CommandRunner.Failed;
        using var answer = await run.Client.SendAsync(
            HttpMethod.Delete,
            $"{PathOf(name)}/versions/{number.ToString(CultureInfo.InvariantCulture)}{(run.Parse.GetValue(Force) ? "?force=true" : "")}",
            cancellationToken: cancellationToken);
        if (!run.WriteMachine(answer!.RootElement)) run.Say($"Destroyed version {number} of {name}.");
        return CommandRunner.Done;
    }

    private static async Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        if (!await Confirmation.AskAsync(run, Yes, $"Destroy {name} with all its values?", cancellationToken)) return CommandRunner.Failed;
        var removed = await run.Client.Resources(Plurals.Secrets).DeleteAsync(
            name, force: run.Parse.GetValue(Force), cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(removed))) run.Say($"{name} is being destroyed.");
        return CommandRunner.Done;
    }

    private static Error NameTaken(string project, string name) => new(
        ErrorKind.Conflict, "NAME_TAKEN", $"A secret of another project is called {name}, and names are unique in an organization.",
        $"Choose another name, for example {project}-{name}.");

    private static string PathOf(string name) => $"/api/v1/secrets/{Uri.EscapeDataString(name)}";
}
