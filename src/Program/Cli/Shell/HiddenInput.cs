using System.Text;
using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>What is typed without being shown, or piped in: secrets are no arguments, because those are in the list of processes.</summary>
internal static class HiddenInput
{
    private const char EndOfInput = '\x04'; // Ctrl-D

    /// <param name="question">For example <c>Token for http://… (it is not shown): </c>.</param>
    /// <param name="lengthMax">What is longer is cut one character after it, for the caller to see.</param>
    /// <param name="noTerminal">The next step where no question can be shown: to read without one would show what is typed.</param>
    /// <exception cref="StrataException">USAGE: there is no terminal to ask in.</exception>
    public static async Task<string> AskAsync(
        Run run, string question, int lengthMax, string noTerminal, CancellationToken cancellationToken)
    {
        if (!run.Terminal.ErrorIsTerminal) throw UsageErrors.Of("There is no terminal to ask in.", noTerminal).ToException();
        await run.Terminal.Error.WriteAsync(question);
        // The console does not look at the cancellation: Ctrl-C must not wait for a key.
        var typed = await Task.Run(() => ReadHidden(lengthMax), CancellationToken.None).WaitAsync(cancellationToken);
        await run.Terminal.Error.WriteLineAsync();
        return typed;
    }

    /// <summary>No more than it may be: what is piped in may have no end.</summary>
    /// <exception cref="StrataException">USAGE: it is not text in UTF-8. Nothing is put in the place of other bytes: a secret would be
    /// another one.</exception>
    public static async Task<string> ReadAsync(Run run, int lengthMax, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => ReadPiped(Strict(run.Terminal.In), lengthMax), CancellationToken.None).WaitAsync(cancellationToken);
        }
        catch (DecoderFallbackException)
        {
            throw UsageErrors.Of("What is piped in is not text in UTF-8.", "Encode it, for example with base64.").ToException();
        }
    }

    private static TextReader Strict(TextReader input) => input != Console.In ? input
        : new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false, throwOnInvalidBytes: true), false);

    private static string ReadPiped(TextReader from, int lengthMax)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        while (text.Length <= lengthMax && from.Read(buffer) is > 0 and var read) text.Append(buffer, 0, read);
        return text.ToString();
    }

    private static string ReadHidden(int lengthMax)
    {
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter && key.KeyChar != EndOfInput)
        {
            if (key.Key != ConsoleKey.Backspace) text.Append(key.KeyChar);
            else if (text.Length > 0) text.Length--;
            if (text.Length > lengthMax) break;
        }
        return text.ToString();
    }
}
