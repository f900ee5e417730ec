using System.ComponentModel;
using System.Diagnostics;
using Strata.Core;

namespace Strata.Secrets.Masters;

/// <summary>
/// Where a server has its master key from: a file, an environment variable, or a command, such as one that asks a key management service.
/// Each gives one key per line, 32 bytes in base64: the current one first, then previous ones, which are needed while it is being replaced.
/// </summary>
public sealed class MasterKeySource
{
    private const string FileForm = "file:";
    private const string VariableForm = "env:";
    private const string CommandForm = "command:";
    private static readonly string[] CredentialPrefixes = ["VAULT_", "AWS_", "GOOGLE_", "CLOUDSDK_", "AZURE_", "BAO_"];
    private const int TextMax = 4096;
    private const int KeysMax = 8;
    private static readonly TimeSpan CommandTime = TimeSpan.FromSeconds(30);

    private readonly Func<string, string?> environment;
    private readonly string? variable;
    private readonly string? command;

    private MasterKeySource(string? file, string? variable, string? command, Func<string, string?> environment) =>
        (File, this.variable, this.command, this.environment) = (file, variable, command, environment);

    /// <summary>Null: it is not a file.</summary>
    public string? File { get; }

    /// <summary>For people, without the key.</summary>
    public string Description => File ?? (variable is not null ? $"the variable {variable}" : "the command of --master-key");

    /// <summary>Reads <c>file:PATH</c>, <c>env:NAME</c> or <c>command:COMMAND</c>; empty: the file in the data folder.</summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static MasterKeySource Parse(string text, string defaultFile, Func<string, string?> environment)
    {
        if (text.Length == 0) return new MasterKeySource(defaultFile, null, null, environment);
        if (After(FileForm) is { } file) return new MasterKeySource(Path.GetFullPath(file), null, null, environment);
        if (After(VariableForm) is { } name) return new MasterKeySource(null, name, null, environment);
        if (After(CommandForm) is { } command) return new MasterKeySource(null, null, command, environment);
        throw new FormatException();

        string? After(string form) => text.Length > form.Length && text.StartsWith(form, StringComparison.Ordinal)
            ? text[form.Length..] : null;
    }

    /// <returns>Null where the file or the variable does not exist.</returns>
    /// <exception cref="StrataException">KEY_INVALID: what is there is no key, or the command failed.</exception>
    internal async Task<MasterKeys?> ReadAsync(CancellationToken cancellationToken)
    {
        var text = File is not null ? await ReadFileAsync(cancellationToken)
            : variable is not null ? environment(variable) : await RunAsync(cancellationToken);
        if (string.IsNullOrWhiteSpace(text) && command is null) return null;
        if (text!.Length > TextMax) throw Invalid("holds more than keys");
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length is 0 or > KeysMax) throw Invalid($"does not hold 1 to {KeysMax} keys");
        var keys = lines.Select((line, i) => ToKey(line) ?? throw Invalid($"does not hold a key in line {i + 1}")).ToList();
        return new MasterKeys(keys[0], keys[1..]);
    }

    /// <summary>Only of a file.</summary>
    internal void Write(MasterKeys keys) => AtomicFile.WritePrivate(File!, string.Concat(keys.All.Select(k => k.ToLine() + "\n")));

    private static MasterKey? ToKey(string line)
    {
        var key = new byte[SealedSecrets.KeyBytes];
        return Convert.TryFromBase64String(line, key, out var length) && length == key.Length ? new MasterKey(key) : null;
    }

    private async Task<string?> ReadFileAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!System.IO.File.Exists(File)) return null;
            if (new FileInfo(File).Length > TextMax) throw Invalid("holds more than keys");
            // Opening a pipe without a writer does not end.
            return await Task.Run(ReadStart, cancellationToken).WaitAsync(CommandTime, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw Invalid($"cannot be read within {CommandTime.TotalSeconds} seconds");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Invalid("cannot be read");
        }
    }

    /// <summary>One character more than may be in it shows that it is too long; a device has no end.</summary>
    private string ReadStart()
    {
        using var reader = System.IO.File.OpenText(File!);
        var text = new char[TextMax + 1];
        return new string(text, 0, reader.ReadBlock(text));
    }

    /// <summary>What asks a key management service needs its credentials, and nothing else of the server's.</summary>
    private async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command!);
        ChildEnvironment.Restrict(start.Environment, CredentialPrefixes);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CommandTime);
        try
        {
            var end = await ProcessRun.RunAsync(start, null, TextMax + 1, limit.Token);
            // Not its standard output, which may be a key.
            return end.Ok ? end.Output : throw Invalid($"ended with {end.ExitCode}: {end.Error.Trim().Shortened(300)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Invalid($"did not end within {CommandTime.TotalSeconds} seconds");
        }
        catch (Win32Exception)
        {
            throw Invalid("cannot be run, because /bin/sh is missing");
        }
    }

    private StrataException Invalid(string what) => new Error(
        ErrorKind.Unavailable, "KEY_INVALID", $"The cloud's master key cannot be read: {Description} {what}.",
        File is null ? "It has to give 32 bytes in base64, as \"openssl rand -base64 32\" prints them."
            : "Restore the file from a backup; without it secrets such as those of webhooks must be made again.").ToException();
}
