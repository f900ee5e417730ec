namespace Strata.Identity.Passwords;

/// <summary>
/// Which passwords are taken: long enough ones, whatever they are made of (NIST SP 800-63B), but for those that anyone would try.
/// </summary>
internal static class PasswordRule
{
    public const int LengthMin = 10;
    public const int LengthMax = 200;
    private const int DifferentMin = 5;
    private const int NameLengthMin = 3;

    /// <summary>What is wrong with it, as a sentence; null: nothing.</summary>
    public static string? FaultOf(string password, string email)
    {
        if (password.Length is < LengthMin or > LengthMax) return $"A password has {LengthMin} to {LengthMax} characters.";
        if (password.Distinct().Count() < DifferentMin) return "This password is too easy to guess: use more different characters.";
        var name = email.Split('@')[0];
        if (password.Equals(email, StringComparison.OrdinalIgnoreCase)
            || (name.Length > NameLengthMin && password.StartsWith(name, StringComparison.OrdinalIgnoreCase)
                && password.Length - name.Length < DifferentMin))
            return "This password is too easy to guess: it is made of your address.";
        return null;
    }
}
