using System.CommandLine;
using System.CommandLine.Parsing;

namespace Strata.Cli.Shell;

/// <summary>
/// The sentence for a command line that cannot be read. The library's own names types of .NET where a value cannot be converted.
/// </summary>
internal static class UsageText
{
    /// <summary>The message of our own where the fault is a value, the library's otherwise.</summary>
    public static string Of(ParseError fault) => fault.SymbolResult switch
    {
        OptionResult { Tokens: [var token, ..] } option when IsConversion(fault) =>
            Sentence(option.Option.Name, token.Value, option.Option.ValueType),
        ArgumentResult { Parent: OptionResult { Tokens: [var token, ..] } option } when IsConversion(fault) =>
            Sentence(option.Option.Name, token.Value, option.Option.ValueType),
        ArgumentResult { Tokens: [var token, ..] } argument when IsConversion(fault) =>
            Sentence(argument.Argument.Name.ToUpperInvariant(), token.Value, argument.Argument.ValueType),
        _ => fault.Message,
    };

    private static bool IsConversion(ParseError fault) =>
        fault.Message.StartsWith("Cannot parse argument", StringComparison.Ordinal)
            || fault.Message.Contains("System.", StringComparison.Ordinal) || fault.Message.Contains("Strata.", StringComparison.Ordinal);

    private static string Sentence(string what, string given, Type type) =>
        $"\"{given}\" is not a value of {what}: it takes {Expected(type)}.";

    private static string Expected(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type.GetElementType() ?? type;
        if (plain.IsEnum)
        {
            var names = Enum.GetNames(plain).Select(n => n.ToLowerInvariant()).ToList();
            return string.Join(", ", names.SkipLast(1)) + " or " + names[^1];
        }
        return plain switch
        {
            _ when plain == typeof(bool) => "true or false",
            _ when plain == typeof(int) || plain == typeof(long) => "a whole number",
            _ when plain == typeof(double) || plain == typeof(decimal) => "a number",
            _ => "another kind of value; see --help",
        };
    }
}

/// <summary>Bounds of numbers on the command line.</summary>
internal static class Bounds
{
    public static Option<int> Between(this Option<int> option, int min, int max = int.MaxValue)
    {
        option.Validators.Add(result => Check(result, option.Name, result.Tokens, min, max));
        return option;
    }

    public static Option<int?> Between(this Option<int?> option, int min, int max = int.MaxValue)
    {
        option.Validators.Add(result => Check(result, option.Name, result.Tokens, min, max));
        return option;
    }

    public static Option<long?> Between(this Option<long?> option, long min, long max = long.MaxValue)
    {
        option.Validators.Add(result => Check(result, option.Name, result.Tokens, min, max));
        return option;
    }

    public static Argument<int?> Between(this Argument<int?> argument, int min, int max = int.MaxValue)
    {
        argument.Validators.Add(result => Check(result, argument.Name.ToUpperInvariant(), result.Tokens, min, max));
        return argument;
    }

    public static Argument<int> Between(this Argument<int> argument, int min, int max = int.MaxValue)
    {
        argument.Validators.Add(result => Check(result, argument.Name.ToUpperInvariant(), result.Tokens, min, max));
        return argument;
    }

    /// <summary>What is no number at all has been reported already.</summary>
    private static void Check(SymbolResult result, string what, IReadOnlyList<Token> tokens, long min, long max)
    {
        foreach (var token in tokens)
        {
            if (long.TryParse(token.Value, out var number) && (number < min || number > max))
                result.AddError(
                    $"\"{token.Value}\" is not a value of {what}: it takes a whole number {(max is int.MaxValue or long.MaxValue ? $"from {min}" : $"from {min} to {max}")}.");
        }
    }
}
