using System.CommandLine;
using System.Text;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Data;

/// <summary>Data that a command is given: written in place, in a file, or <c>-</c> for standard input.</summary>
internal static class DataInput
{
    public static Argument<string> Argument(string name, string what) =>
        new(name) { Description = what + ": a file, - for standard input, or written here" };

    public static async Task<ReadOnlyMemory<byte>> ReadAsync(string word, CancellationToken cancellationToken)
    {
        if (IsInline(word)) return Encoding.UTF8.GetBytes(word);
        await using var input = Open(word);
        using var data = new MemoryStream();
        await input.CopyToAsync(data, cancellationToken);
        return data.ToArray();
    }

    /// <summary>A file or standard input, for what may be too long for memory.</summary>
    public static Stream Open(string word)
    {
        if (word == "-") return Console.OpenStandardInput();
        return File.Exists(word)
            ? File.OpenRead(word)
            : throw UsageErrors.Of($"There is no file {word}.", "Name a file, write - for standard input, or the JSON itself in quotes.")
            .ToException();
    }

    /// <summary>Checked here, because it goes into a body that is put together.</summary>
    public static async Task<JsonText> ReadJsonAsync(string word, CancellationToken cancellationToken)
    {
        var data = await ReadAsync(word, cancellationToken);
        return JsonGuard.Check(data).TryGet(out var json, out var error)
            ? json
            : throw UsageErrors.Of($"{(IsInline(word) ? "What is written" : word)} is not JSON: {error.Message}", "Fix it and try again.")
            .ToException();
    }

    /// <summary>Text of a file or of standard input (<c>-</c>).</summary>
    public static async Task<string> ReadTextAsync(string word, int bytesMax, CancellationToken cancellationToken)
    {
        if (word != "-" && !File.Exists(word))
            throw UsageErrors.Of($"There is no file {word}.", "Name a file, or write - for standard input.").ToException();
        await using var input = Open(word);
        // To one byte beyond the limit, because devices and pipes do not say how long they are.
        var bytes = new byte[bytesMax + 1];
        var length = await input.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > bytesMax) throw UsageErrors.Of($"It is longer than {ByteCount.Short(bytesMax)}.", "Use a shorter one.").ToException();
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw UsageErrors.Of("It is not text in UTF-8.", "Save it in UTF-8 and try again.").ToException();
        }
    }

    private static bool IsInline(string word) => word.AsSpan().TrimStart() is ['{' or '[' or '"' or '<', ..];
}
