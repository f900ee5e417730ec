namespace Strata.Core;

/// <summary>Bounds text of others inside messages.</summary>
public static class TextCut
{
    /// <summary>The text, or its first characters and an ellipsis where it is longer. Never half a surrogate pair.</summary>
    public static string Shortened(this string text, int charactersMax) => text.Length <= charactersMax
        ? text : text.Start(charactersMax) + "…";

    /// <summary>At most so many characters of the beginning. Never half a surrogate pair.</summary>
    public static string Start(this string text, int charactersMax) =>
        text.Length <= charactersMax ? text : text[..(char.IsHighSurrogate(text[charactersMax - 1]) ? charactersMax - 1 : charactersMax)];
}
