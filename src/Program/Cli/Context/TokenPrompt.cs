using System.Text;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Context;

/// <summary>Reads a token that is typed without being shown, or piped in.</summary>
internal static class TokenPrompt
{
    private const int LengthMax = 16_384;
    private const char EndOfInput = '\x04'; // Ctrl-D

    /// <param name="server">Whose token is asked for.</param>
    /// <exception cref="StrataException">USAGE: it is empty, or no token.</exception>
    public static async Task<string> ReadAsync(Run run, string server, CancellationToken cancellationToken)
    {
        var token = (run.Terminal.InIsTerminal ? await AskAsync(run, server, cancellationToken)
            : await Task.Run(() => ReadLine(run.Terminal.In), CancellationToken.None).WaitAsync(cancellationToken)).Trim();
        if (token.Length == 0)
            throw UsageErrors.Of("No token was given.", run.Terminal.InIsTerminal
                ? "Enter it when you are asked, or pipe it in: strata login URL < token.txt"
                : "Pipe one in, or run this in a terminal to sign in by your browser.")
                .ToException();
        if (token.Length > LengthMax || token.Any(c => c is <= ' ' or > '~'))
            throw UsageErrors.Of("That is not a token.", "Strata's begin with stk_; \"strata token create NAME\" makes one.").ToException();
        return token;
    }

    private static async Task<string> AskAsync(Run run, string server, CancellationToken cancellationToken)
    {
        // To read it without a question would show what is typed.
        if (!run.Terminal.ErrorIsTerminal)
            throw UsageErrors.Of("There is no terminal to ask for the token in.", "Pipe it in: strata login URL < token.txt").ToException();
        await run.Terminal.Error.WriteAsync($"Token for {server} (it is not shown): ");
        // The console does not look at the cancellation: Ctrl-C must not wait for a key.
        var typed = await Task.Run(ReadHidden, CancellationToken.None).WaitAsync(cancellationToken);
        await run.Terminal.Error.WriteLineAsync();
        return typed;
    }

    /// <summary>Of no more than a token can have: what is piped in may have no end.</summary>
    private static string ReadLine(TextReader from)
    {
        var text = new StringBuilder();
        while (text.Length <= LengthMax && from.Read() is var next and >= 0 && next != '\n') text.Append((char)next);
        return text.ToString();
    }

    private static string ReadHidden()
    {
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter && key.KeyChar != EndOfInput)
        {
            if (key.Key != ConsoleKey.Backspace) text.Append(key.KeyChar);
            else if (text.Length > 0) text.Length--;
            if (text.Length > LengthMax) break;
        }
        return text.ToString();
    }
}
